"""What tells people."""


def page_on_call(flow, flow_run, state):
    print(flow, flow_run, state)
