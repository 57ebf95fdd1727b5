"""Networks and mistakes of a second examiner, who has not seen how they are found."""
