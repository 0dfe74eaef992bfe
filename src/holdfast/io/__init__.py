"""Shared file formats, one file each; every module exports `FORMATS`."""
