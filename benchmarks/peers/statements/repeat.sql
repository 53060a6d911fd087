UPDATE callbacks SET seen = seen + 1 WHERE digest = $1
