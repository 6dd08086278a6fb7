"""Compare image_resizer with other tools that resize images: `python -m benchmarks.peers FOLDER ...`.

The tools are installed into environments below build/peers, and are not dependencies of image_resizer. The modules
`with_*` run in these environments, each as a separate command: `with_X IN OUT SIZE WORKERS EXTENSION`.
"""
