-- redrives.lua: read only. Redrives of groups, by id, or the newest.
-- ARGV[1] an id, or ""      ARGV[2] where it is "": how many of the newest
-- Returns for each its id and the list of its record's fields and values; those that are not there are left out.

local ids = ARGV[1] ~= '' and { ARGV[1] } or redis.call('ZREVRANGE', K.redrives, 0, tonumber(ARGV[2]) - 1)
local answer = {}
for _, id in ipairs(ids) do
  local record = redis.call('HGETALL', K.redrive .. id)
  if #record > 0 then
    answer[#answer + 1] = id
    answer[#answer + 1] = record
  end
end
return answer
