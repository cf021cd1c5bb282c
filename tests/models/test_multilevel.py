import timm
import torch

from hemascope.models.multilevel import MultiLevel


def test_early_stages_stand_before_the_pooled_features() -> None:
    backbone = timm.create_model("tf_efficientnet_lite0", pretrained=False, num_classes=0).eval()
    images = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        features = MultiLevel(backbone, stages=(1, 3))(images)
        _, (early, late) = backbone.forward_intermediates(images, indices=[1, 3])
        last = backbone(images)
    assert features.shape == (2, 2 * 24 + 2 * 112 + 1280)
    torch.testing.assert_close(features[:, :24], early.mean((2, 3)))
    torch.testing.assert_close(features[:, 24:48], early.std((2, 3), correction=0))
    torch.testing.assert_close(features[:, 48:160], late.mean((2, 3)))
    torch.testing.assert_close(features[:, -1280:], last)
