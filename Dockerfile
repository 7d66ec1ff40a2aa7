# Customer Groups in a container, from the lock file:
#
#   docker build --tag customer-groups .
#   docker run --publish 127.0.0.1:8000:8000 --volume customer-groups:/data customer-groups
#
# Without settings it keeps everything, generated secrets too, in an SQLite file in the volume /data
# and prints the first admin's password once. With PostgreSQL: compose.yaml.

FROM python:3.13-slim AS build
RUN pip install --no-cache-dir --disable-pip-version-check uv==0.13.9
ENV UV_PROJECT_ENVIRONMENT=/opt/customer-groups \
    UV_PYTHON_DOWNLOADS=never \
    UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy
WORKDIR /source
# The libraries first: they change less often than the code, and stay a cached layer
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --extra nats --no-install-project
COPY README.md ./
COPY domain domain
COPY projections projections
COPY service service
RUN uv sync --frozen --extra nats --no-editable

FROM python:3.13-slim
RUN groupadd --gid 10001 customer-groups \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin \
      customer-groups \
 && install --directory --owner=10001 --group=10001 --mode=0700 /data
COPY --from=build /opt/customer-groups /opt/customer-groups
ENV PATH=/opt/customer-groups/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    CUSTOMER_GROUPS_HOST=0.0.0.0 \
    CUSTOMER_GROUPS_PORT=8000 \
    CUSTOMER_GROUPS_DATABASE_URL=sqlite:////data/customer-groups.db
# By number, so that an orchestrator can see that it is not root
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
# Asks this very container, whatever proxy its environment names for the rest of the world
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 CMD ["python", "-c", "\
import os, urllib.request as web; \
address = 'http://127.0.0.1:' + os.environ['CUSTOMER_GROUPS_PORT'] + '/health'; \
web.build_opener(web.ProxyHandler({})).open(address, timeout=2)"]
CMD ["customer-groups", "serve"]
