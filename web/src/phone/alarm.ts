// Makes the phone heard while nothing is filmed: nobody looks at it.

/** Milliseconds between two calls, and how many there are: a phone that cries for an hour helps nobody. */
const every = 3000;
const atMost = 40;
const notes = [880, 660];

export class Alarm {
  private context: AudioContext | null = null;
  private timer = 0;
  private called = 0;
  private on = false;

  /** Sound is given on a tap only; called in one, the alarm can be heard later. */
  unlock(): void {
    try {
      this.context ??= new AudioContext();
      if (this.context.state !== "running") void this.context.resume().catch(() => undefined);
    } catch {
      // No sound, then: it is still seen and felt.
    }
  }

  ring(on: boolean): void {
    if (this.on === on) return;
    this.on = on;
    clearInterval(this.timer);
    this.called = 0;
    if (!on) return;
    this.timer = window.setInterval(() => this.call(), every);
    this.call();
  }

  private call(): void {
    if (++this.called > atMost) return this.stop();
    if (navigator.userActivation?.hasBeenActive ?? true) navigator.vibrate?.([300, 150, 300]);
    const { context } = this;
    if (context?.state !== "running") return;
    notes.forEach((frequency, n) => {
      const from = context.currentTime + n * 0.25;
      const tone = context.createOscillator();
      const volume = context.createGain();
      tone.frequency.value = frequency;
      volume.gain.setValueAtTime(0, from);
      volume.gain.linearRampToValueAtTime(0.5, from + 0.02);
      volume.gain.linearRampToValueAtTime(0, from + 0.22);
      tone.connect(volume).connect(context.destination);
      tone.start(from);
      tone.stop(from + 0.25);
    });
  }

  private stop(): void {
    clearInterval(this.timer);
  }
}
