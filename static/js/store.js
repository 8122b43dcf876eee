// What the viewer chose, kept in the browser. Storage may be forbidden: then a choice holds for this page.

export const recall = (name) => { try { return localStorage.getItem(name); } catch { return null; } };
export const keep = (name, value) => { try { localStorage.setItem(name, value); } catch { /* see above */ } };
