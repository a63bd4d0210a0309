"""A Ray Serve application on the port RAY_APP_PORT of loopback."""

import os
import signal

import ray
from ray import serve


@serve.deployment(num_replicas=1, ray_actor_options={"num_cpus": 0.1})
class Reverse:
    """Answers with the query reversed."""

    async def __call__(self, request: object) -> str:
        return str(request)[::-1]


ray.init(
    _temp_dir=os.environ["RAY_APP_FOLDER"],
    num_cpus=2,
    include_dashboard=True,
    dashboard_port=int(os.environ["RAY_APP_DASHBOARD"]),
)
serve.start(http_options={"host": "127.0.0.1", "port": int(os.environ["RAY_APP_PORT"])})
serve.run(Reverse.bind(), name="reverse")
signal.pause()
