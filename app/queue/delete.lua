-- delete.lua: any state but assigned and running -> nothing. For try.lua; apply says "deleted".

local function apply(id, h, s)
  if s.code == 'p' then unlist(id, h) else redis.call('ZREM', index[s.code], id) end
  count(h.queue, s.code, -1)
  count(h.queue, 'D', 1)
  forget(id)
  return 'deleted', true
end

local function settle() end
