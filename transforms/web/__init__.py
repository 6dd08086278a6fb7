"""Files of the web: bounded in time and size, from public addresses, and no more at once than a host likes.

urls          what a URL must look like, and the path that it gives its image
addresses     which addresses may be asked
robots        what a server says about the use of its answer
coding        unpacks what a server compressed
hosts         which downloads run at the same time
budget        how many bytes they hold together
watchdog      ends those that take too long
client        downloads one file
"""
