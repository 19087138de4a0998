"""The editor in the browser at ``/write/``: a git-based CMS with forms made from our models.

Only the widest audience's service has it. The CMS is Decap CMS, one file from its npm package, kept
in ``build/editor``; it talks to the git host itself, so the service stores and sends nothing.
"""
