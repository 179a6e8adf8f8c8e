BEGIN TRANSACTION;
CREATE TABLE address (
	id INTEGER NOT NULL, 
	contact_id INTEGER NOT NULL, 
	channel VARCHAR NOT NULL, 
	address VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	heard_at BIGINT NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(contact_id) REFERENCES contact (id) ON DELETE CASCADE, 
	UNIQUE (channel, address)
);
INSERT INTO "address" VALUES(1,1,'telegram','42','ok',1795424400000);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE consent (
	id INTEGER NOT NULL, 
	contact_id INTEGER NOT NULL, 
	purpose VARCHAR NOT NULL, 
	given BOOLEAN NOT NULL, 
	version VARCHAR NOT NULL, 
	text_hash VARCHAR NOT NULL, 
	language VARCHAR NOT NULL, 
	channel VARCHAR NOT NULL, 
	at BIGINT NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(contact_id) REFERENCES contact (id) ON DELETE CASCADE
);
CREATE TABLE contact (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	alerts VARCHAR NOT NULL, 
	agreed VARCHAR NOT NULL, 
	created_at BIGINT NOT NULL
);
INSERT INTO "contact" VALUES(1,'on','alerts,profile',1795424400000);
CREATE TABLE conversation (
	contact_id INTEGER NOT NULL, 
	language VARCHAR NOT NULL, 
	state TEXT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	PRIMARY KEY (contact_id), 
	FOREIGN KEY(contact_id) REFERENCES contact (id) ON DELETE CASCADE
);
INSERT INTO "conversation" VALUES(1,'fr','{"language": "fr", "flow": "menu", "profile": {"comune": "005045"}}',1795424400000);
CREATE TABLE event (
	id INTEGER NOT NULL, 
	contact_id INTEGER, 
	kind VARCHAR NOT NULL, 
	flow VARCHAR NOT NULL, 
	step VARCHAR NOT NULL, 
	"key" VARCHAR NOT NULL, 
	language VARCHAR NOT NULL, 
	channel VARCHAR NOT NULL, 
	at BIGINT NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(contact_id) REFERENCES contact (id) ON DELETE SET NULL
);
CREATE TABLE inbox (
	id INTEGER NOT NULL, 
	channel VARCHAR NOT NULL, 
	external_id VARCHAR NOT NULL, 
	address VARCHAR NOT NULL, 
	body TEXT, 
	received_at BIGINT NOT NULL, 
	handled_at BIGINT, 
	failures INTEGER NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (channel, external_id)
);
CREATE TABLE interest (
	id INTEGER NOT NULL, 
	contact_id INTEGER NOT NULL, 
	listing_id VARCHAR NOT NULL, 
	at BIGINT NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(contact_id) REFERENCES contact (id) ON DELETE CASCADE, 
	FOREIGN KEY(listing_id) REFERENCES listing (id) ON DELETE CASCADE, 
	UNIQUE (contact_id, listing_id)
);
INSERT INTO "interest" VALUES(1,1,'tra_social_taxi',1795424400000);
CREATE TABLE job_run (
	job VARCHAR NOT NULL, 
	day DATE NOT NULL, 
	at BIGINT NOT NULL, 
	PRIMARY KEY (job, day)
);
CREATE TABLE listing (
	id VARCHAR NOT NULL, 
	topic VARCHAR NOT NULL, 
	organisation VARCHAR NOT NULL, 
	comune VARCHAR NOT NULL, 
	address VARCHAR NOT NULL, 
	phone VARCHAR NOT NULL, 
	places INTEGER, 
	details JSON NOT NULL, 
	status VARCHAR NOT NULL, 
	valid_from DATE NOT NULL, 
	valid_until DATE NOT NULL, 
	checked_on DATE NOT NULL, 
	checked_by VARCHAR NOT NULL, 
	source VARCHAR NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "listing" VALUES('job_harvest_cortandone','job','Azienda agricola Riva Storta (demo)','005045','Via della Demo 1','0141 000 001',6,'{"sector": "agriculture", "contract": "seasonal", "days": ["mon", "tue", "wed", "thu", "fri"], "start": "06:30", "end": "14:30", "hours_week": 40, "pay_min": 9.5, "pay_max": 10.5, "pay_unit": "hour", "italian": "A1", "experience": "none", "age_min": 18, "ride": true, "starts_on": "2026-12-03"}','published','2026-11-21','2026-12-13','2026-11-21','op_anna','phone');
INSERT INTO "listing" VALUES('tra_social_taxi','transport','Taxi sociale Nord Astigiano (demo)','005067','','0141 000 013',NULL,'{"kind": "social_taxi", "area": ["Chiusano d''Asti", "Monale", "Cortandone", "Castellero", "Settime", "Asti"], "days": ["mon", "tue", "wed", "thu", "fri"], "start": "07:00", "end": "18:00", "price": 5, "notice_hours": 48}','published','2026-11-11','2027-03-23','2026-11-11','op_anna','partner');
INSERT INTO "listing" VALUES('com_walk_castellero','community','Verde Sentiero coop (demo)','005026','Piazza della Demo 1','0141 000 009',40,'{"kind": "walk", "on": "2026-12-06", "start": "09:30", "end": "12:30", "price": 0}','published','2026-11-21','2026-12-06','2026-11-21','op_sofia','office');
CREATE TABLE listing_text (
	listing_id VARCHAR NOT NULL, 
	language VARCHAR NOT NULL, 
	title VARCHAR NOT NULL, 
	summary VARCHAR NOT NULL, 
	bring VARCHAR NOT NULL, 
	who VARCHAR NOT NULL, 
	PRIMARY KEY (listing_id, language), 
	FOREIGN KEY(listing_id) REFERENCES listing (id) ON DELETE CASCADE
);
INSERT INTO "listing_text" VALUES('job_harvest_cortandone','it','Raccolta di nocciole e uva','Lavoro all''aperto, in collina. Alle 6:00 un furgone parte dalla piazza di Monale e ti porta nei campi.','un documento; il codice fiscale; scarpe chiuse; acqua da bere','');
INSERT INTO "listing_text" VALUES('tra_social_taxi','it','Taxi sociale Nord Astigiano','Si prenota per telefono o qui in chat; il prezzo è per una corsa e una persona. Se hai un passeggino o una sedia a rotelle, dillo quando prenoti.','i soldi contati','Chi vive in uno di questi comuni e non ha un''auto');
INSERT INTO "listing_text" VALUES('com_walk_castellero','it','Camminata con merenda','Si cammina piano, anche con bambini. Il taxi sociale quel giorno è gratis se prenoti.','scarpe comode; acqua da bere','');
INSERT INTO "listing_text" VALUES('job_harvest_cortandone','ar','جني البندق والعنب','عمل في الهواء الطلق، على التلال. في الساعة 6:00 تنطلق سيارة نقل من ساحة ⁨Monale⁩ إلى الحقول.','وثيقة هوية; الرقم الضريبي (⁨codice fiscale⁩); حذاء مغلق; ماء للشرب','');
INSERT INTO "listing_text" VALUES('tra_social_taxi','ar','التاكسي الاجتماعي ⁨Nord Astigiano⁩','الحجز بالهاتف أو هنا في المحادثة، والسعر لرحلة واحدة ولشخص واحد. في حال وجود عربة أطفال أو كرسي متحرك، يُذكر ذلك عند الحجز.','المبلغ بالضبط','من يسكن في إحدى هذه البلدات وليس لديه سيارة');
INSERT INTO "listing_text" VALUES('com_walk_castellero','ar','نزهة مشيًا مع وجبة خفيفة','المشي بطيء ومناسب للأطفال. التاكسي الاجتماعي مجاني في ذلك اليوم مع الحجز.','حذاء مريح; ماء للشرب','');
INSERT INTO "listing_text" VALUES('job_harvest_cortandone','en','Picking hazelnuts and grapes','Outdoor work in the hills. At 6:00 a van leaves from the square in Monale and takes you to the fields.','an ID document; your tax code (codice fiscale); closed shoes; drinking water','');
INSERT INTO "listing_text" VALUES('tra_social_taxi','en','Social taxi Nord Astigiano','Book by phone or here in the chat; the price is for one ride and one person. If you have a pushchair or a wheelchair, say so when you book.','the exact money','People who live in one of these towns and have no car');
INSERT INTO "listing_text" VALUES('com_walk_castellero','en','Walk with a snack','We walk slowly, children are welcome. The social taxi is free that day if you book.','comfortable shoes; drinking water','');
INSERT INTO "listing_text" VALUES('job_harvest_cortandone','fr','Récolte de noisettes et de raisin','Travail dehors, sur les collines. À 6:00 une camionnette part de la place de Monale et vous emmène dans les champs.','une pièce d''identité; le code fiscal (codice fiscale); des chaussures fermées; de l''eau à boire','');
INSERT INTO "listing_text" VALUES('tra_social_taxi','fr','Taxi social Nord Astigiano','On réserve par téléphone ou ici dans le chat ; le prix est par trajet et par personne. Poussette ou fauteuil roulant : dites-le en réservant.','l''argent exact','Personnes qui vivent dans une de ces communes et n''ont pas de voiture');
INSERT INTO "listing_text" VALUES('com_walk_castellero','fr','Balade avec goûter','On marche doucement, enfants bienvenus. Le taxi social est gratuit ce jour-là si vous réservez.','des chaussures confortables; de l''eau à boire','');
CREATE TABLE outbox (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	contact_id INTEGER, 
	channel VARCHAR NOT NULL, 
	address VARCHAR NOT NULL, 
	body TEXT NOT NULL, 
	origin VARCHAR NOT NULL, 
	inbox_id BIGINT, 
	priority INTEGER NOT NULL, 
	edits VARCHAR NOT NULL, 
	due_at BIGINT NOT NULL, 
	expires_at BIGINT, 
	status VARCHAR NOT NULL, 
	attempts INTEGER NOT NULL, 
	hidden INTEGER NOT NULL, 
	claimed_at BIGINT, 
	external_id VARCHAR, 
	problem VARCHAR, 
	created_at BIGINT NOT NULL, 
	closed_at BIGINT, 
	FOREIGN KEY(contact_id) REFERENCES contact (id) ON DELETE CASCADE
);
CREATE TABLE simulator_message (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	chat VARCHAR NOT NULL, 
	sender VARCHAR NOT NULL, 
	text TEXT NOT NULL, 
	body TEXT NOT NULL, 
	at BIGINT NOT NULL
);
CREATE TABLE template (
	name VARCHAR NOT NULL, 
	sid VARCHAR NOT NULL, 
	PRIMARY KEY (name)
);
CREATE INDEX inbox_waiting ON inbox (channel, address, id) WHERE handled_at IS NULL;
CREATE INDEX listing_topic ON listing (topic, status, valid_until);
CREATE INDEX simulator_chat ON simulator_message (chat, id);
CREATE INDEX ix_address_contact_id ON address (contact_id);
CREATE INDEX ix_consent_contact_id ON consent (contact_id);
CREATE INDEX event_kind_at ON event (kind, at);
CREATE INDEX ix_event_contact_id ON event (contact_id);
CREATE INDEX ix_interest_contact_id ON interest (contact_id);
CREATE INDEX ix_outbox_contact_id ON outbox (contact_id);
CREATE INDEX outbox_external ON outbox (channel, external_id);
CREATE INDEX outbox_inbox ON outbox (inbox_id);
CREATE INDEX outbox_open ON outbox (priority, id) WHERE closed_at IS NULL;
CREATE INDEX outbox_open_of_address ON outbox (channel, address) WHERE closed_at IS NULL;
COMMIT;
