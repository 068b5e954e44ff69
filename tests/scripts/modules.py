"""Modules of the job's own: a file, an archive, a wheel that pip installs."""

import archived.deep
import greetings
import tinywheel

print(greetings.hello("file"))
print(archived.deep.hello("archive"))
print(tinywheel.hello("wheel"))
