"""A Flask application that answers 18 bytes, behind our front: what is left when nothing is done.

`python -m tests.benchmarks.bare PORT`
"""

import sys

from flask import Flask

from service.front import Front
from service.server import serve


def front() -> Front:
    app = Flask(__name__)
    app.add_url_rule("/", "hello", lambda: '{"hello": "world"}')
    return Front(app, body_limit=lambda _method, _path: 1024)


if __name__ == "__main__":
    serve("tests.benchmarks.bare:front", host="127.0.0.1", port=int(sys.argv[1]))
