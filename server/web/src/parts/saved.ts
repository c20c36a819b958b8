/** ms a browser may take to begin to save; freed at once, the file would be lost in some. */
const SAVING = 10_000;

/** Gives a file to the browser to be saved. */
export function saved(file: File): void {
  const url = URL.createObjectURL(file);
  Object.assign(document.createElement('a'), { href: url, download: file.name }).click();
  setTimeout(() => URL.revokeObjectURL(url), SAVING);
}
