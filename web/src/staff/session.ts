import { reactive } from "vue";
import { ApiError, get, post, remove } from "./api";

interface Person {
  name: string;
  role: string;
}

/** Who is signed in. */
export const session = reactive({
  person: null as Person | null,

  async known(): Promise<boolean> {
    if (this.person) return true;
    try {
      this.person = await get<Person>("/api/session");
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "unauthorized") throw error;
    }
    return this.person !== null;
  },

  async login(name: string, password: string): Promise<void> {
    this.person = await post<Person>("/api/session", { name, password });
  },

  async logout(): Promise<void> {
    await remove("/api/session");
    this.person = null;
  },
});
