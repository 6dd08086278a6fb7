"""Downloads from the web: limited in time and size, from public addresses only, with few requests per host at once.

urls          checks URLs, and derives the paths of images from them
addresses     decides which IP addresses may be contacted
robots        reads X-Robots-Tag headers
coding        decompresses responses
hosts         decides which downloads run at the same time
budget        limits the memory of all downloads together
watchdog      ends downloads that take too long
client        downloads one file
"""
