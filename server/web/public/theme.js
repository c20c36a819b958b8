// Before anything is painted, so that no page flashes: the look that was chosen on this device, else the device's own.
(() => {
  let kept = null;
  try {
    kept = localStorage.getItem('marquee:theme');
  } catch {
    // Storage may be forbidden; the device's look it is.
  }
  const light = kept ? kept === 'light' : matchMedia('(prefers-color-scheme: light)').matches;
  document.documentElement.dataset.theme = light ? 'light' : 'dark';
})();
