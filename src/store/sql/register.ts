import type { PersonRecord, VehicleRecord } from "../../core/records.js";
import type { RegisterRepository } from "../../core/repositories.js";
import type { Database } from "../database.js";
import type { Sync } from "./sync.js";

const vehicleColumns = "id, plate, person_id as personId, make, colour, note";

/** Who lives or works here and what they drive. */
export function createRegisterTables(db: Database): Sync<RegisterRepository> {
  const people = db.prepare<[], PersonRecord>("select id, name, unit, phone, note from person order by name");
  const savePerson = db.prepare(`
    insert into person (id, name, unit, phone, note) values (@id, @name, @unit, @phone, @note)
    on conflict (id) do update set name = excluded.name, unit = excluded.unit, phone = excluded.phone, note = excluded.note`);
  const removePerson = db.prepare("delete from person where id = ?");
  const vehicles = db.prepare<[], VehicleRecord>(`select ${vehicleColumns} from vehicle order by plate`);
  const byPlate = db.prepare<[string], VehicleRecord>(
    `select ${vehicleColumns} from vehicle where plate = ?`,
  );
  const saveVehicle = db.prepare(`
    insert into vehicle (id, plate, person_id, make, colour, note) values (@id, @plate, @personId, @make, @colour, @note)
    on conflict (id) do update set plate = excluded.plate, person_id = excluded.person_id, make = excluded.make, colour = excluded.colour, note = excluded.note`);
  const removeVehicle = db.prepare("delete from vehicle where id = ?");
  return {
    people: () => people.all(),
    savePerson(person) {
      savePerson.run(person);
    },
    removePerson: (id) => removePerson.run(id).changes > 0,
    vehicles: () => vehicles.all(),
    findVehicle: (plate) => byPlate.get(plate) ?? null,
    saveVehicle(vehicle) {
      saveVehicle.run(vehicle);
    },
    removeVehicle: (id) => removeVehicle.run(id).changes > 0,
  };
}
