"""The differential count as a measurement: shares of classes, corrected by what the classifier confuses."""
