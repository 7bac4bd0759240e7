// Numbers as one reads them.

const UP = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

/** A whole number with commas. */
export const whole = (value) => Math.round(value).toLocaleString("en-US");

const power = (exponent) => `10${[...String(exponent)].map((c) => UP[c]).join("")}`;

/** A number in few digits: 0.0312, 1.24, 12,300, 3.1 × 10⁷. */
export function short(value, digits = 3) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const sign = value < 0 ? "−" : "";
  if (size >= 1e6 || size < 1e-3) {
    const [mantissa, exponent] = size.toExponential(digits - 1).split("e");
    const trimmed = String(Number(mantissa));
    return sign + (trimmed === "1" ? power(Number(exponent)) : `${trimmed} × ${power(Number(exponent))}`);
  }
  const rounded = Number(size.toPrecision(digits));
  return sign + rounded.toLocaleString("en-US", { maximumSignificantDigits: digits });
}

/** A number as one says it beside a chart: what is next to nothing is no power of ten. */
export const brief = (value) => (Math.abs(value) < 1e-12 && value !== 0 ? "≈ 0" : short(value));

/** A share as a percentage. */
export function percent(share) {
  const value = 100 * share;
  if (value !== 0 && Math.abs(value) < 0.1) return `${short(value, 2)}\u00a0%`;
  const digits = Math.abs(value) < 10 ? 1 : 0;
  return `${Number(value.toFixed(digits)).toLocaleString("en-US")}\u00a0%`;
}

/** Seconds in words. */
export function duration(seconds) {
  if (!(seconds >= 0)) return "";
  if (seconds < 1) return "less than a second";
  if (seconds < 90) return `about ${Math.round(seconds)} s`;
  if (seconds < 5400) return `about ${Math.round(seconds / 60)} minutes`;
  return `about ${short(seconds / 3600, 2)} hours`;
}

/** "1 replicate", "8 replicates". */
export const count = (n, word) => `${whole(n)} ${word}${n === 1 ? "" : "s"}`;
