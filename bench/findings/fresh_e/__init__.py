"""Networks and mistakes of a third examiner, who has not seen how they are found."""
