"""The shop's sales and shipping data: drops in, published datasets out."""
