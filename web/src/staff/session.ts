import { reactive } from "vue";
import { ApiError, get, onUnauthorized, post, remove } from "./api";

/** What a role may do, as the server says it. */
export type Action = "see" | "review" | "upload" | "manage" | "assist" | "grant";

interface Person {
  name: string;
  role: "admin" | "invigilator" | "reviewer";
  may: Action[];
}

/** Who is signed in. */
export const session = reactive({
  person: null as Person | null,
  /** Set where the server has stopped knowing the session of somebody who is at work: the page asks to sign in again, and stays. */
  expired: false,

  async known(): Promise<boolean> {
    if (this.person) return true;
    try {
      this.person = await get<Person>("/api/session");
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "unauthorized") throw error;
    }
    return this.person !== null;
  },

  may(action: Action): boolean {
    return this.person?.may.includes(action) ?? false;
  },

  async login(name: string, password: string): Promise<void> {
    this.person = await post<Person>("/api/session", { name, password });
    this.expired = false;
  },

  async logout(): Promise<void> {
    await remove("/api/session").catch((error) => {
      if (!(error instanceof ApiError) || error.code !== "unauthorized") throw error; // it was over already
    });
    this.person = null;
    this.expired = false;
  },

  /** Notes that the server answered somebody who had signed in that nobody is. */
  lost(): void {
    if (this.person) this.expired = true;
  },
});

onUnauthorized(() => session.lost());
