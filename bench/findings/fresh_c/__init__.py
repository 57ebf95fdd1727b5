"""A set that an independent examiner made: frequent mistakes on networks of other sets."""
