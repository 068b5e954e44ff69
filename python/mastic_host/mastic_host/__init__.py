"""Runs Glue scripts: Spark behind Spark Connect, arguments, and an end that tells its cause.

`mastic-runner` starts `python -m mastic_host`, writes one line of settings to its standard input and keeps that open:
when it closes, whatever runs here ends.
"""
