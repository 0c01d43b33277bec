import os

import dagster as dg

from storefront.sensors import resent_drops


def tick(lake, cursor=None):
    return resent_drops(dg.build_sensor_context(cursor=cursor), lake=lake)


def test_a_drop_that_is_new_is_left_to_the_schedule(lake):
    assert tick(lake).run_requests == []


def test_a_drop_that_was_sent_again_is_run_again(lake, day):
    cursor = tick(lake).cursor
    assert tick(lake, cursor).run_requests == []
    os.utime(lake.drop("orders", day), ns=(1, 1))
    assert [request.partition_key for request in tick(lake, cursor).run_requests] == [day]
