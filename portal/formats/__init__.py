"""The admin's formats of dates, by language, where Django looks for them."""
