# The locked packages and a copy of this checkout, made to run `snakemake figures`:
#   docker build --build-arg COMMIT="$(git rev-parse HEAD)$(git status --porcelain | sed '1!d; s/.*/-dirty/')" -t emmoe .
#   docker run --rm -v "$PWD/results:/emmoe/results" -v "$PWD/.snakemake:/emmoe/.snakemake" emmoe
# docs/archive.md says why both folders are kept.
FROM python:3.12.11-slim-bookworm

# The user whom files in mounted folders will belong to; what provenance says of the code.
ARG UID=1000
ARG COMMIT=
ENV EMMOE_COMMIT=${COMMIT}
# With Snakemake's records, which it must write too: `docker run --user` may have no home.
ENV XDG_CACHE_HOME=/emmoe/.snakemake/cache

WORKDIR /emmoe

COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock \
    && useradd --no-log-init --uid "${UID}" --create-home emmoe \
    && chown emmoe:emmoe /emmoe

COPY --chown=emmoe:emmoe . .
RUN pip install --no-cache-dir --no-deps --no-build-isolation -e .

USER emmoe

# Every figure and table that needs no download, the audit and the report.
CMD ["snakemake", "--cores", "all", "figures"]
