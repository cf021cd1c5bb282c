"""List the networks, their sizes and sources of their weights."""


def networks() -> None:
    """List the networks of the catalogue; a recipe may also name any other network of timm."""
    from rich.table import Table

    from hemascope.models.catalogue import CATALOGUE
    from hemascope.models.network import backbone_size
    from hemascope.models.pretrained import weights_source
    from hemascope.terminal import Console

    table = Table(box=None, pad_edge=False)
    for heading in ("network", "timm's name", "parameters", "smallest", "weights"):
        table.add_column(heading, no_wrap=True)
    for entry in CATALOGUE:
        millions = backbone_size(entry.name) / 1e6
        table.add_row(entry.title, entry.name, f"{millions:.1f} M", f"{entry.smallest} px", weights_source(entry.name))
    console = Console(highlight=False)
    console.print(table)
    console.print(
        "\nSmaller images are enlarged inside the network. Pretrained weights come from a package that is installed "
        "with training, or once from timm's hub; none: train from scratch with --set pretrained=false. "
        "Use a network with --set network=NAME; any other of timm's works too."
    )
