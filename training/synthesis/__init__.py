"""Pictures of lesions that nobody has: generators, what their pictures are worth, and the way of those that pass.

A generated picture only ever joins the training side; ``training.data.synthetic`` reads the manifest that says so.
"""
