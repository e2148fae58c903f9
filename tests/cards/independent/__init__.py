"""Cards and pictures that share no template, typeface, geometry or camera with `cardgen`: only people and numbers."""
