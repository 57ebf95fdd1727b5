"""The ninth examiner's set: networks and mistakes that no rule was worked on."""
