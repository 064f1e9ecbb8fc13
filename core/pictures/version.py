"""The version of the reader, by which a file that it refused is tried again after an upgrade."""

# Raise it by one whenever files are read that were refused before, or kinds are recognised that
# were not. Each file that an older version refused is then opened once more, at the next scan.
#   0  before there were numbers
#   1  HEIC and AVIF; PNG with long texts or profiles; pictures cut short; pictures by their bytes
READER_VERSION = 1
