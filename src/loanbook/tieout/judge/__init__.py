"""What ties, what fails, how severe it is, and which figures explain the failures."""
