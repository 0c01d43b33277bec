"""What a repository's tests demand, at base and at head: parts that the gate on weakened tests is made of."""
