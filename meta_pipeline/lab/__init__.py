"""The laboratory: seeds faults and harmless twins into real pipelines and scores how a stack of gates takes them.

It judges gates, so it may not import them: what it knows of a fault is what the mutator did, never what a gate says.
"""
