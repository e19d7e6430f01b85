"""Who applies, and what we decide about them: typed features, knock-outs, points, grades and offers. Pure functions, no store."""
