-- level.lua: assigned -> pending at the head, where a worker has more than it can start (or does not start what it
-- has) while another one that could run it has a free slot. Assign then gives it to that one.
-- ARGV[1] ms after which an assigned task should have been started      ARGV[2] most tasks to move
-- Returns the number taken back.

local stale, budget, moved = tonumber(ARGV[1]), tonumber(ARGV[2]), 0

-- idle_sides: the profiles that have a worker with a free slot.
local function idle_sides()
  local profiles, sides = redis.call('HGETALL', K.profiles), {}
  for i = 1, #profiles, 2 do
    local ranked = redis.call('ZRANGE', K.ready .. profiles[i], 0, 1, 'WITHSCORES')
    if ranked[2] and tonumber(ranked[2]) < 1 then
      local weights, types = read_profile(profiles[i + 1])
      sides[#sides + 1] = { weights = weights, types = types, first = ranked[1],
        second = ranked[4] and tonumber(ranked[4]) < 1 }
    end
  end
  return sides
end

local sides = idle_sides()
if #sides == 0 then return 0 end

-- elsewhere tells whether another worker than this one could start the task now.
local function elsewhere(worker)
  return function(h)
    for _, side in ipairs(sides) do
      if (side.first ~= worker or side.second) and side.types[h.type] and (side.weights[h.queue] or side.weights['*']) then
        return true
      end
    end
    return false
  end
end

local function oldest_unstarted(worker, waiting)
  local id = redis.call('LINDEX', K.processing .. worker, -waiting)
  local s = id and parse(redis.call('HGET', K.state, id))
  return s and s.code == 'a' and now - s.assigned or 0
end

for _, worker in ipairs(redis.call('ZRANGE', K.workers, 0, -1)) do
  local w = redis.call('HMGET', K.status .. worker, 'assigned', 'running', 'slots', 'profile')
  local waiting = tonumber(w[1] or 0)
  if waiting > 0 and moved < budget then
    local surplus = math.min(waiting, waiting + tonumber(w[2]) - tonumber(w[3]))
    local stuck = oldest_unstarted(worker, waiting) > stale
    if stuck then surplus = waiting end
    if surplus > 0 then
      moved = moved + unstarted(worker, math.min(surplus, budget - moved), elsewhere(worker))
      -- It does not start what it is given: nothing more for it until it shows up by a turn or a heartbeat.
      if stuck then redis.call('ZREM', K.ready .. w[4], worker) end
    end
  end
end
flush()
if moved > 0 then
  assign(moved)
  commit()
end
return moved
