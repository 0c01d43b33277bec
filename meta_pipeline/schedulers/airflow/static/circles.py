"""Circles among the tasks of a DAG, which Airflow refuses."""

from meta_pipeline.delivery.topology import Pipeline


def circle_in(pipeline: Pipeline) -> tuple[str, ...]:
    """Tasks that wait for each other, the first one again at the end; nothing where there is no circle."""
    upstream = {node.id: [one for one in node.upstream if one != node.id] for node in pipeline.nodes}
    done: set[str] = set()
    for start, before in upstream.items():
        trail: dict[str, None] = {start: None}
        ways = [iter(before)]
        while ways and start not in done:
            earlier = next(ways[-1], None)
            if earlier is None:
                ways.pop()
                done.add(trail.popitem()[0])
            elif earlier in trail:
                names = list(trail)
                circle = names[names.index(earlier) :]
                return (earlier, *reversed(circle))
            elif earlier in upstream and earlier not in done:
                trail[earlier] = None
                ways.append(iter(upstream[earlier]))
    return ()
