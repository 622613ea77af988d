"""Exit 0 when the given PostgreSQL and Redis both answer; say which does not otherwise."""

import sys
from urllib.parse import urlsplit

import psycopg2
import redis


def main(database: str, broker: str) -> int:
    url = urlsplit(database)
    try:
        psycopg2.connect(host=url.hostname, port=url.port, user=url.username, password=url.password, dbname="postgres")
        redis.Redis.from_url(broker, socket_timeout=2).ping()
    except (psycopg2.OperationalError, redis.RedisError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
