-- ARGV: the number of the change.
return pending(tonumber(ARGV[1]))
