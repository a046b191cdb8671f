"""What every floor may use: settings, keys, errors, randomness and the log."""
