"""How a true text is made from observations: claims, wordings, the writer, verification, receipts."""
