"""Who funds a loan and who bears its loss: shares, matching, vehicles and what they pay."""
