"""One program that runs the whole portal: broker, web, worker and beat."""
