KINDS = ("white", "red", "platelet")
