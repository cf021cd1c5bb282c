"""Networks for tests of what happens around a network."""

TINY_NETWORK = ("network=test_resnet", "pretrained=false")
"""Recipe overrides: timm's ResNet of half a million parameters, which trains and is exported in little time."""
