"""The Recipe: everything that makes a training, typed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from hemascope.augment.mixing import Mix
from hemascope.augment.policy import Policy, Share
from hemascope.models.boosted import Voting
from hemascope.models.catalogue import timm_name
from hemascope.seeds import LARGEST
from hemascope.train.search import Search, check_keys

MOST_EPOCHS = 100_000


class Transfer(BaseModel):
    """Which part of the network learns, from when on, and how fast.

    The head always learns. A frozen part keeps its weights and BatchNorm's statistics.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    trainable: Literal["all", "head"] | Annotated[int, Field(ge=1, le=1000)] | str = Field(
        "all", description="what learns: all, head, the last so many stages, or the backbone from the layer named on"
    )
    head_epochs: int = Field(0, ge=0, description="of the epochs, so many at first train the head alone")
    head_learning_rate: float | None = Field(
        None, gt=0, description="constant rate of these epochs; null: the optimiser's; the schedule begins after them"
    )
    layer_decay: float = Field(
        1.0, gt=0, le=1, description="each stage learns at this share of the rate of the next; the head at the full one"
    )

    @property
    def freezes(self) -> bool:
        """Whether some part of the backbone does not learn in some epoch."""
        return self.trainable != "all" or self.head_epochs > 0


_OF_FEATURES = ("depth", "views", "random_features")


class Boosting(BaseModel):
    """AdaBoost in its form for many classes, SAMME (Zhu, Zou, Rosset and Hastie 2009).

    - networks: every round trains the recipe's network anew, by the whole recipe, on images drawn by their weights.
    - features: every round fits a decision tree to the pooled features of the recipe's network, which is not trained.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, validate_default=True)

    over: Literal["networks", "features"]
    rounds: int = Field(10, ge=1, le=1000, description="weak learners at most")
    learning_rate: float = Field(1.0, gt=0, le=10, description="shrinkage: multiplies the weight of every learner")
    voting: Voting = Field("probabilities", description="what a learner gives: probabilities, or one class as SAMME's")
    depth: int = Field(6, ge=1, le=10, description="features: questions that a tree asks of an image at most")
    views: int = Field(1, ge=1, le=64, description="features: times each training image is seen, augmented by augment")
    random_features: bool = Field(False, description="features: allow a network without pretrained weights")


def check_boosting(recipe: Recipe) -> None:
    """Refuse what boosting cannot be combined with.

    Raises:
        ValueError: naming the keys, the reason and the remedy.
    """
    boosting = recipe.boosting
    if boosting is None:
        return
    if recipe.folds or recipe.split_by == "laboratory":
        raise ValueError("boosting cannot be combined with folds: it joins networks of its own; leave out either")
    if recipe.balance.name != "original":
        raise ValueError(
            f"boosting cannot be combined with balance.name={recipe.balance.name}: it decides by itself how often each "
            "image is drawn; leave balance out"
        )
    if recipe.laboratories != Laboratories():
        raise ValueError("boosting cannot be combined with laboratories: it decides by itself how often each is drawn")
    if boosting.over == "networks":
        given = [name for name in _OF_FEATURES if getattr(boosting, name) != Boosting.model_fields[name].default]
        if given:
            raise ValueError(f"boosting.{given[0]} is for boosting.over=features; leave it out")
        if recipe.start is not None:
            raise ValueError(
                "boosting.over=networks cannot be combined with start: every round would begin from a network that is "
                "no weak learner; leave start out, or choose boosting.over=features"
            )
        return
    if not (recipe.pretrained or recipe.start or boosting.random_features):
        raise ValueError(
            "boosting.over=features with pretrained=false would look at features of random weights: set "
            "pretrained=true, name a Run or a model with start, or ask for it with boosting.random_features=true"
        )
    if recipe.transfer != type(recipe.transfer)():
        raise ValueError("transfer and boosting.over=features do not go together: no weight of the network is trained")
    if boosting.views > 1 and recipe.augment.changes_nothing:
        raise ValueError("boosting.views would show the same image again and again: set augment, or leave views out")
    if recipe.mix != "none":
        raise ValueError(f"mix={recipe.mix} and boosting.over=features do not go together: trees take no mixed labels")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, validate_default=True)


class Head(_Part):
    """The classifier on top of pooled features: [dense] -> [dropout] -> softmax."""

    dense: int | None = Field(None, ge=1, le=2**16, description="units of an extra dense layer")
    dropout: float = Field(0.0, ge=0, lt=1, description="share of the last layer's inputs zeroed in training")


class Balance(_Part):
    """How a training meets unequally frequent classes; an epoch has the same number of steps in any case.

    - original: every image is drawn once an epoch.
    - uniform: every class is drawn equally often; images of rare classes repeat, some of frequent ones are left out.
    - augment_rare: draws as uniform does, but the repeats of an image are always augmented, never clean.
    - weighted_loss: draws as original does; the loss of an image counts by the inverse frequency of its class.
    """

    name: Literal["original", "uniform", "augment_rare", "weighted_loss"] = "original"
    strength: Share = Field(1.0, description="0: as original; 1: every class counts the same; weights n_c^-strength")

    @property
    def changes_draws(self) -> bool:
        """Whether images are drawn otherwise than once an epoch."""
        return self.name in ("uniform", "augment_rare") and self.strength > 0

    @property
    def changes_loss(self) -> bool:
        """Whether the loss counts classes unequally."""
        return self.name == "weighted_loss" and self.strength > 0

    @model_validator(mode="after")
    def _combinations(self) -> Balance:
        if self.name == "original" and self.strength != 1:
            raise ValueError(
                "strength says how far to go from the original distribution; "
                "choose name: uniform, augment_rare or weighted_loss, or leave strength out"
            )
        return self


class Laboratories(_Part):
    """How a training of images from several laboratories keeps a class from being told by its laboratory."""

    strength: Share = Field(0.0, description="0: drawn as often as they have images; 1: every one equally often")
    absent: Literal["count", "hide"] = Field(
        "count", description="hide: classes that a laboratory has no image of do not count against its images"
    )
    colours: Share = Field(
        0.0, description="half of the images go up to this share of the way to the colours of another one of the batch"
    )

    @property
    def changes_draws(self) -> bool:
        """Whether images are drawn otherwise than once an epoch."""
        return self.strength > 0


class Optimizer(_Part):
    """The optimiser and its initial learning rate; weight decay is decoupled and spares norms and biases, as L2 does.

    Lion (Chen et al. 2023) moves every weight by the same step: it wants a third to a tenth of the others' rate, and
    as many times the decay.
    """

    name: Literal["nadam", "adamw", "adam", "sgd", "rmsprop", "lion"] = "nadam"
    learning_rate: float = Field(1e-3, gt=0)
    weight_decay: float = Field(0.0, ge=0)
    l2: float = Field(0.0, ge=0, description="penalty: this times each weight is added to its gradient")
    momentum: float = Field(0.9, ge=0, lt=1, description="of sgd (Nesterov) and rmsprop")


class Schedule(_Part):
    """How the learning rate moves."""

    name: Literal["one_cycle", "cosine", "plateau", "constant"] = "one_cycle"
    warmup: Share = Field(0.2, description="one_cycle: share of the steps in which the rate rises")
    factor: float = Field(0.3, gt=0, lt=1, description="plateau: multiply the rate by this when val_loss stagnates")
    patience: int = Field(2, ge=0, le=MOST_EPOCHS, description="plateau: epochs without a better val_loss before that")


class Progressive(_Part):
    """Progressive resizing (Howard 2018; Tan and Le 2021): the first epochs see smaller images, which is faster."""

    size: int | None = Field(
        None,
        ge=16,
        le=1024,
        description="side of the images of the first epochs, pixels, where less than input_size; null: off",
    )
    share: Share = Field(0.7, description="share of the epochs that see them")

    def size_at(self, epoch: int, epochs: int) -> int | None:
        """Side of the training images of an epoch, counted from 0; None where they keep their size."""
        return self.size if epoch < int(self.share * epochs) else None


class EarlyStopping(_Part):
    """When to stop before the last epoch, and which epoch's weights the training keeps.

    A validation part that also gives the reported score should not choose the epoch: then ``keep: last``.
    """

    monitor: Literal["val_accuracy", "val_recall", "val_loss"] = "val_accuracy"
    keep: Literal["best", "last"] = Field("best", description="the epoch best by monitor, or the last one")
    patience: int | None = Field(
        5, ge=1, le=MOST_EPOCHS, description="epochs without a better value; null: never stop early"
    )

    @property
    def mode(self) -> Literal["min", "max"]:
        """Whether a lower or a higher value is better."""
        return "min" if self.monitor == "val_loss" else "max"


class Recipe(_Part):
    """Everything that makes a training; a YAML file of these keys is a recipe.

    >>> Recipe(epochs=3).optimizer.name
    'nadam'
    """

    name: str = "custom"
    network: str = Field("tf_efficientnet_lite0", description="the backbone, by the catalogue's name or timm's")
    pretrained: bool = Field(True, description="start from ImageNet weights")
    start: str | None = Field(
        None,
        description="whose network to start from, with its head where the classes are the same: a finished Run's "
        "folder, a shipped model's name, or a model file",
    )
    input_size: int = Field(96, ge=16, le=1024, description="side of the square that the network sees, pixels")
    progressive: Progressive = Progressive()
    head: Head = Head()
    transfer: Transfer = Transfer()
    fractions: tuple[Share, Share, Share] = Field((0.8, 0.1, 0.1), description="train, val and test parts")
    no_test: bool = Field(False, description="keep no test part: it is trained on, as for a submission")
    folds: int | None = Field(
        None, ge=2, le=20, description="K-fold: so many networks, each scored on a part it did not see"
    )
    split_by: Literal["image", "laboratory"] = Field(
        "image", description="laboratory: every one is a fold, scored by a network that did not see it"
    )
    limit: int | None = Field(
        None, ge=1, le=2**31, description="train on at most this many images, classes kept in proportion"
    )
    augment: Policy = Policy()
    mix: Mix = Field("none", description="mix pairs of images and labels: mixup, cutmix, or for each batch either")
    balance: Balance = Balance()
    laboratories: Laboratories = Laboratories()
    optimizer: Optimizer = Optimizer()
    schedule: Schedule = Schedule()
    epochs: int = Field(10, ge=1, le=MOST_EPOCHS)
    batch_size: Annotated[int, Field(le=2**16)] | Literal["auto"] = Field(
        64, description="images a step; auto: the largest that fits"
    )
    label_smoothing: float = Field(0.0, ge=0, lt=1)
    ema: float | None = Field(0.999, gt=0, lt=1, description="decay of the moving average of the weights; null: none")
    early_stopping: EarlyStopping = EarlyStopping()
    tta: bool = Field(False, description="measure test-time augmentation too: its gain and its cost")
    tta_steps: int = Field(8, ge=2, le=40, description="views of each image that tta averages over")
    precision: Literal["auto", "bf16", "fp32"] = Field("auto", description="auto: bf16 where the hardware has it")
    micrometres: float | None = Field(
        None, gt=0, le=1e6, description="of the shorter side of the images, where known: hemascope adapt --pixel-size"
    )
    seed: int = Field(0, ge=0, le=LARGEST)
    logger: Literal["tensorboard", "mlflow", "wandb", "csv"] | None = Field(
        None, description="tell an experiment tracker the figures of every epoch and the final scores; null: none"
    )
    boosting: Boosting | None = Field(None, description="AdaBoost: many weak learners that vote; null: one network")
    search: Search = Field({}, description="what hemascope tune varies: a range or a list of choices for each key")

    @field_validator("network")
    @classmethod
    def _canonical(cls, name: str) -> str:
        return timm_name(name)

    @model_validator(mode="after")
    def _combinations(self) -> Recipe:
        if abs(sum(self.fractions) - 1) > 1e-6:
            raise ValueError(f"fractions must sum to 1, not {sum(self.fractions):g}")
        if self.fractions[0] == 0 or self.fractions[1] == 0:
            raise ValueError("fractions must leave images to train on and to validate on")
        if self.folds and self.no_test:
            raise ValueError(
                "folds score every image by a network that was not trained on it, no_test keeps none to score by: "
                "leave out no_test, and set fractions=[0.9,0.1,0] for folds over everything"
            )
        if self.split_by == "laboratory" and self.no_test:
            raise ValueError("split_by=laboratory scores every laboratory that it holds out: leave out no_test")
        if isinstance(self.batch_size, int) and self.batch_size < 2:
            raise ValueError("batch_size must be at least 2 (BatchNorm needs two images)")
        if self.transfer.freezes and not self.pretrained and self.start is None:
            raise ValueError(
                "transfer.trainable and transfer.head_epochs freeze weights that would be random here: "
                "set pretrained=true, name a Run or a model in start, or leave transfer out"
            )
        if self.transfer.head_epochs >= self.epochs:
            raise ValueError(
                f"transfer.head_epochs={self.transfer.head_epochs} leaves no epoch for the rest: "
                "raise epochs above it, or set transfer.trainable=head to train the head alone"
            )
        if self.balance.name == "augment_rare" and _augments_nothing(self.augment):
            raise ValueError(
                "balance augment_rare wants a policy that changes images: "
                "set augment (for example augment.rotation=180, with augment.clean below 1) "
                "or choose balance.name=uniform"
            )
        check_boosting(self)
        check_keys(type(self), self.search)
        return self


def _augments_nothing(policy: Policy) -> bool:
    return policy.clean == 1 or policy.model_copy(update={"clean": 0.0}).changes_nothing
