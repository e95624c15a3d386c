"""One file a metric: its result and its public function. They never import each other."""
