"""Data quality in scripts: refused by name until the engine has it."""

from __future__ import annotations

from typing import Any

from awsglue.transforms import GlueTransform

__all__ = ["EvaluateDataQuality", "EvaluateDataQualityMultiFrame"]


class EvaluateDataQuality(GlueTransform):
    """Evaluates rules about data."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(
            f"{self.name()} is not supported: rules written in DQDL cannot be evaluated in scripts. "
            "Check the DataFrame of the frame (frame.toDF()) with Spark."
        )

    @classmethod
    def process_rows(cls, *args: Any, **kwargs: Any) -> Any:
        """Raises NotImplementedError, as the transform does."""
        return cls.apply(*args, **kwargs)


class EvaluateDataQualityMultiFrame(EvaluateDataQuality):
    """Evaluates rules about the data of several frames."""
