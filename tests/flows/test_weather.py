"""A morning's weather through the whole house: subscribed, due, made by a worker that dies, spoken, stored in S3."""

import json
import os
import signal
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import boto3
import numpy as np
import pytest

from tests import s3_service
from tests.flows.house import Stack, eventually
from tests.flows.test_speech import level_dbfs, samples_of
from tests.s3_service import BUCKET, KEYS
from tests.weather_service import Service, serving

TOKYO = ZoneInfo("Asia/Tokyo")


@pytest.fixture(scope="module")
def forecasts() -> Iterator[Service]:
    with serving() as service:
        yield service


@pytest.fixture(scope="module")
def bucket() -> Iterator[Any]:
    """An empty bucket of moto's server, through the client library that the house uses."""
    with s3_service.moto() as address:
        s3 = boto3.client(
            "s3",
            endpoint_url=address,
            region_name=KEYS["AWS_REGION"],
            aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
        )
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": KEYS["AWS_REGION"]})
        yield s3
        s3.close()


@pytest.fixture(scope="module")
def house(forecasts: Service, bucket: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(
        tmp_path_factory.mktemp("home"),
        WEATHER_API_BASE=forecasts.url,
        WEATHER_JMA_BASE=forecasts.url,
        STORAGE_URL=f"s3://{BUCKET}/house",
        AWS_ENDPOINT_URL_S3=bucket.meta.endpoint_url,
        **KEYS,
    )
    stack.start()
    yield stack
    stack.stop()
    assert stack.processes() == [], "processes left behind"


def read(bucket: Any, key: str) -> bytes:
    return bucket.get_object(Bucket=BUCKET, Key=key)["Body"].read()


def test_a_subscribers_weather_is_made_although_its_worker_is_killed_and_lies_in_s3(house, forecasts, bucket):
    forecasts.open_meteo.is_hanging = True
    # Its hour has begun, so it is due at once.
    spoken_at = datetime.now(TOKYO) + timedelta(minutes=50)
    wish = {"announcement_time": f"{spoken_at:%H:%M}", "place": "横浜市"}
    answer = house.ask("PUT", "/api/v1/weather/subscription", body=wish, token=house.token())
    assert answer.status == 200, answer.body
    day = answer.json["next_date"]

    house.manage("invoke", "weather_due", "--input", "{}")

    def announced() -> dict | None:
        rows = house.get("/api/v1/weather/announcements", token=house.token()).json["announcements"]
        return rows[0] if rows else None

    task_id = eventually(announced, what="the announcement is asked for")["task_id"]
    eventually(lambda: forecasts.asked, what="a worker asks for the forecast")
    os.kill(int(house.running(task_id)["worker"].split(":")[-2]), signal.SIGKILL)
    forecasts.open_meteo.is_hanging = False

    task = house.finished(task_id)

    assert (task["status"], task["attempt"]) == ("success", 2), task["error"]
    assert task["result"]["served"]["provider"] == "open_meteo"
    assert "横浜市" in task["result"]["text"]
    made = announced()
    assert (made["date"], made["status"], made["source"]) == (day, "ready", task["result"]["source"])
    listed = [each["Key"] for each in bucket.list_objects_v2(Bucket=BUCKET)["Contents"] if "/weather/" in each["Key"]]
    (shelf,) = {key.rpartition("/")[0] for key in listed}
    assert listed == [f"{shelf}/{day}.ogg", f"{shelf}/latest.json"]
    owner = shelf.removeprefix("house/").removesuffix("/weather")
    assert owner.isdecimal()
    assert json.loads(read(bucket, f"{shelf}/latest.json"))["date"] == day
    sound = read(bucket, f"{shelf}/{day}.ogg")
    samples, rate = samples_of(sound)
    assert len(samples) / rate == pytest.approx(task["result"]["duration_seconds"], abs=0.1)
    assert -35 < level_dbfs(samples) < -10
    assert np.abs(samples).max() < 1.0
    assert house.get(made["audio"]["url"]).body == sound

    # The schedule, each minute, and whoever asks by hand find nobody any more.
    house.manage("invoke", "weather_due", "--input", "{}")
    assert len(house.get("/api/v1/weather/announcements", token=house.token()).json["announcements"]) == 1
