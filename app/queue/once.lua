-- once.lua: a user's move that may be sent again is made once. The move's whole text stands in a function, because it
-- returns from anywhere.
-- The last ARGV is the id of the operation: where its answer is recorded it is given again, and nothing is done.
-- Returns what the move returns: text, or a whole number. What says that nothing was changed is not recorded:
-- "unknown", "state", 0.

local recorded = redis.call('GET', K.op .. ARGV[#ARGV])
if recorded then
  local text = string.sub(recorded, 2)
  return string.sub(recorded, 1, 1) == 'n' and tonumber(text) or text
end

local function move()
-- MOVE
end

local answer = move()
local kind = type(answer)
if answer == 'unknown' or answer == 'state' or answer == 0 or (kind ~= 'number' and kind ~= 'string') then return answer end
local text = kind == 'number' and 'n' .. string.format('%.0f', answer) or 's' .. answer
redis.call('SET', K.op .. ARGV[#ARGV], text, 'PX', OP_KEPT)
return answer
